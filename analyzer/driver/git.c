/* git.c: git as a process: what it prints, and the files it knows to be renamed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/gate.h"

#define MAX_ARGS 24

/* Replaces the child process by git. */
static void
become_git(const char *folder, const char *index, const char *const *args, int output, int errors)
{
    const char *argv[MAX_ARGS + 8] = {"git", "-c", "core.quotePath=false", "-C", folder};
    size_t n = 5;

    for (size_t i = 0; args[i] != NULL; i++) {
        assert(i < MAX_ARGS);
        argv[n++] = args[i];
    }
    unsetenv("GIT_PREFIX"); /* a hook sets these, for the folder that it runs in */
    unsetenv("GIT_INDEX_FILE");
    if (index != NULL) {
        setenv("GIT_INDEX_FILE", index, 1);
    }
    setenv("GIT_OPTIONAL_LOCKS", "0", 1);
    setenv("LC_ALL", "C", 1);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    execvp("git", (char *const *)argv);
    dprintf(STDERR_FILENO, "git cannot be run: %s\n", strerror(errno));
    _exit(127);
}

/* All that comes out of a file that is being filled or has been. */
static void
read_all(int fd, StrBuf *out)
{
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            strbuf_add(out, buffer, (size_t)n);
        }
    }
}

/* The first line of what went wrong. */
static const char *
first_line(Arena *arena, FILE *errors)
{
    StrBuf text;

    strbuf_init(&text, arena);
    lseek(fileno(errors), 0, SEEK_SET);
    read_all(fileno(errors), &text);
    return arena_strndup(arena, text.text, strcspn(text.text, "\n"));
}

static bool
run(const char *folder, const char *index, const char *const *args, FILE *errors, StrBuf *out)
{
    int ends[2], status = 0;
    pid_t pid;

    if (pipe(ends) != 0) {
        return false;
    }
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become_git(folder, index, args, ends[1], fileno(errors));
    }
    close(ends[1]);
    if (pid > 0) {
        read_all(ends[0], out);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
            /* again */
        }
    }
    close(ends[0]);
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

char *
git_run(Arena *arena, const char *folder, const char *index, const char *const *args,
        size_t *length, Error *error)
{
    FILE *errors = tmpfile();
    StrBuf out;
    bool ok;

    strbuf_init(&out, arena);
    if (errors == NULL) {
        error_set(error, ERROR_FAILED, "git %s: no temporary file: %s", args[0], strerror(errno));
        return NULL;
    }
    ok = run(folder, index, args, errors, &out);
    if (!ok) {
        error_set(error, ERROR_FAILED, "git %s: %s", args[0], first_line(arena, errors));
    }
    fclose(errors);
    if (length != NULL) {
        *length = out.length;
    }
    return ok ? out.text : NULL;
}

char *
git_line(Arena *arena, const char *folder, const char *const *args, Error *error)
{
    size_t length;
    char *text = git_run(arena, folder, NULL, args, &length, error);

    while (text != NULL && length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' ')) {
        text[--length] = '\0';
    }
    return text;
}

bool
git_renames(Arena *arena, const char *folder, const char *commit, Renames *out, Error *error)
{
    const char *const args[] = {"diff", "-M", "--name-status", "-z", "--diff-filter=R",
                                "--relative", "--no-ext-diff", "--end-of-options", commit, NULL};
    size_t length = 0;
    const char *at = git_run(arena, folder, NULL, args, &length, error);
    const char *end = at != NULL ? at + length : NULL;

    while (at != NULL && at < end) { /* "R087", the old name, the new one */
        const char *from = at + strlen(at) + 1;
        const char *to = from < end ? from + strlen(from) + 1 : end;

        if (to >= end) {
            break;
        }
        VEC_PUSH(arena, out, (Rename){.from = from, .to = to});
        at = to + strlen(to) + 1;
    }
    return at != NULL;
}
