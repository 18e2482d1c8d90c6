/* error.c: errors as values, and files read and written whole.
 *
 * A message is built once, where the fault is seen, and says the remedy; only
 * main prints it.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
error_set(Error *error, ErrorCode code, const char *format, ...)
{
    va_list args;

    assert(code != ERROR_NONE);
    if (error != NULL) {
        error->code = code;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }
    return false;
}

/* What to do about a failed system call on a file. */
static const char *
remedy(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return "check the path";
    case EACCES:
    case EPERM:
    case EROFS:
        return "check its permissions";
    case EFBIG:
        return "nothing is read of more than 1 GiB";
    case EISDIR:
        return "name a file instead";
    case ENOSPC:
    case EDQUOT:
        return "make room on the disk";
    default:
        return "check the file and its disk";
    }
}

static bool
file_error(Error *error, const char *verb, const char *path, int code)
{
    return error_set(error, ERROR_INPUT, "cannot %s %s: %s; %s", verb, path, strerror(code),
                     remedy(code));
}

/* ---- reading -------------------------------------------------------------------- */

#define FILE_MAX ((size_t)1 << 30) /* bytes: nothing that is meant to be read here has more */

/* A first guess at the bytes in a file, with room for the NUL and to see the end; 0 = too
 * many. */
static size_t
size_guess(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0) {
        return 4096;
    }
    return (uintmax_t)info.st_size > FILE_MAX ? 0 : (size_t)info.st_size + 2;
}

/* Reads until the end; NULL with errno set when it fails. */
static char *
read_all(Arena *arena, int fd, size_t *length)
{
    size_t capacity = size_guess(fd);
    size_t used = 0;
    char *text = capacity > 0 ? arena_alloc(arena, capacity) : NULL;

    for (;;) {
        ssize_t got;

        if (capacity == 0 || used > FILE_MAX) {
            errno = EFBIG;
            return NULL;
        }
        if (used + 1 == capacity) {
            char *grown = arena_alloc(arena, capacity * 2);

            memcpy(grown, text, used);
            text = grown;
            capacity *= 2;
        }
        got = read(fd, text + used, capacity - used - 1);
        if (got == 0) {
            *length = used;
            return text;
        }
        if (got < 0 && errno != EINTR) {
            return NULL;
        }
        used += got > 0 ? (size_t)got : 0;
    }
}

char *
file_read(Arena *arena, const char *path, size_t *length, Error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t size = 0;
    char *text = NULL;
    int code;

    if (fd >= 0) {
        text = read_all(arena, fd, &size);
    }
    code = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (text == NULL) {
        file_error(error, "read", path, code);
        return NULL;
    }
    if (length != NULL) {
        *length = size;
    }
    return text;
}

/* ---- writing ---------------------------------------------------------------------- */

/* Writes everything and closes; false with errno set when it fails. */
static bool
write_and_close(int fd, const char *text, size_t length)
{
    bool ok = true;
    int code = 0;

    while (ok && length > 0) {
        ssize_t put = write(fd, text, length);

        ok = put >= 0 || errno == EINTR;
        code = ok ? 0 : errno;
        text += put > 0 ? put : 0;
        length -= put > 0 ? (size_t)put : 0;
    }
    if (close(fd) != 0 && ok) {
        ok = false;
        code = errno;
    }
    errno = code;
    return ok;
}

/* Writes straight into something that cannot be replaced: a terminal, a pipe. */
static bool
write_in_place(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write_and_close(fd, text, length);
}

/* Writes under a temporary name beside the target, then renames. */
static bool
write_and_rename(const char *target, const char *text, size_t length)
{
    Arena *scratch = arena_new();
    char *temporary = arena_printf(scratch, "%s.%ld.tmp", target, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_and_close(fd, text, length) && rename(temporary, target) == 0;
    int code = errno;

    if (fd >= 0 && !ok) {
        unlink(temporary);
    }
    arena_free(scratch);
    errno = code;
    return ok;
}

bool
file_write(const char *path, const char *text, size_t length, Error *error)
{
    struct stat info;
    bool exists = stat(path, &info) == 0;
    bool ok;
    int code;

    if (exists && S_ISDIR(info.st_mode)) {
        return file_error(error, "write", path, EISDIR);
    }
    if (exists && !S_ISREG(info.st_mode)) {
        ok = write_in_place(path, text, length);
        code = errno;
    }
    else {
        char *target = exists ? realpath(path, NULL) : NULL; /* keep a symbolic link */

        ok = write_and_rename(target != NULL ? target : path, text, length);
        code = errno;
        free(target);
    }
    return ok || file_error(error, "write", path, code);
}
