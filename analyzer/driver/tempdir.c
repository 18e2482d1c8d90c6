/* tempdir.c: temporary folders.
 *
 * One that is not to stay behind has a guard, a process of its own, that waits until this
 * process closes its end of a pipe, by wish or because it dies, and removes the folder then.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/gate.h"

#define OPEN_FOLDERS 16

static int
remove_one(const char *path, const struct stat *info, int flag, struct FTW *place)
{
    (void)info;
    (void)flag;
    (void)place;
    return remove(path);
}

static void
remove_tree(const char *path)
{
    nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* The life of the guard. */
static void
guard(const char *path, int end)
{
    char byte;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (int fd = 0; fd < end; fd++) { /* whoever waits for our output is not to wait for us */
        close(fd);
    }
    while (read(end, &byte, 1) < 0 && errno == EINTR) {
        /* again */
    }
    remove_tree(path);
    _exit(0);
}

const char *
tempdir_keep(Arena *arena, Error *error)
{
    const char *parent = getenv("TMPDIR"), *path;
    char *name = arena_printf(arena, "%s/strayref-XXXXXX",
                              parent != NULL && *parent != '\0' ? parent : "/tmp");
    char *real;

    if (mkdtemp(name) == NULL) {
        error_set(error, ERROR_FAILED, "cannot make a temporary folder %s: %s; set TMPDIR to a "
                  "folder that can be written", name, strerror(errno));
        return NULL;
    }
    real = realpath(name, NULL);
    path = real != NULL ? arena_strndup(arena, real, strlen(real)) : name;
    free(real);
    return path;
}

/* Starts the guard of the folder, which is there. */
static bool
start_guard(TempDir *dir, Error *error)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        rmdir(dir->path);
        return error_set(error, ERROR_FAILED, "cannot make a pipe: %s", strerror(errno));
    }
    dir->pipe = ends[1];
    dir->guard = fork();
    if (dir->guard == 0) {
        close(ends[1]);
        guard(dir->path, ends[0]);
    }
    close(ends[0]);
    return true;
}

bool
tempdir_make(Arena *arena, TempDir *dir, Error *error)
{
    dir->path = tempdir_keep(arena, error);
    return dir->path != NULL && start_guard(dir, error);
}

bool
tempdir_make_at(Arena *arena, const char *path, TempDir *dir)
{
    char *real;

    if (mkdir(path, S_IRWXU) != 0) {
        return false; /* of another process, perhaps */
    }
    real = realpath(path, NULL);
    dir->path = real != NULL ? arena_strndup(arena, real, strlen(real)) : path;
    free(real);
    return start_guard(dir, NULL);
}

void
tempdir_remove(TempDir *dir)
{
    close(dir->pipe);
    while (dir->guard > 0 && waitpid(dir->guard, NULL, 0) < 0 && errno == EINTR) {
        /* again */
    }
    remove_tree(dir->path); /* when there is no guard, or somebody killed it */
}
