/* channel.h: messages between the server and its child processes (private to lsp/).
 *
 * A message is a JSON object and some bytes behind it.
 */
#ifndef STRAYREF_LSP_CHANNEL_H
#define STRAYREF_LSP_CHANNEL_H

#include <jansson.h>
#include <sys/types.h>

#include "base/base.h"

/* Bytes under construction that outlive no arena: they are freed by hand. */
typedef struct Bytes {
    char *at;
    size_t n, cap;
} Bytes;

void bytes_add(Bytes *bytes, const void *more, size_t n);
/* Takes the first 'n' away. */
void bytes_drop(Bytes *bytes, size_t n);
void bytes_free(Bytes *bytes);

/* One end of a connection to another process. */
typedef struct Channel {
    int fd;    /* -1: closed */
    pid_t pid; /* of the other process, 0: unknown */
    Bytes in, out;
} Channel;

typedef struct Packet {
    json_t *head; /* an object; the receiver calls packet_free */
    char *blob;   /* NUL-terminated */
    size_t length;
} Packet;

/* Queues a message and writes what the other side takes at once.  Takes over 'head'. */
void channel_send(Channel *channel, json_t *head, const char *blob, size_t length);
/* Writes what is queued; with 'all' waits until the other side has taken it. */
void channel_flush(Channel *channel, bool all);
/* Reads what is there, without waiting.  False when the other side is gone. */
bool channel_read(Channel *channel);
/* The next message that is whole; false when there is none. */
bool channel_next(Channel *channel, Packet *packet);
/* Waits so many milliseconds for a message; false when none comes. */
bool channel_wait_some(Channel *channel, Packet *packet, int milliseconds);
/* Waits for a message; false when the other side is gone. */
bool channel_wait(Channel *channel, Packet *packet);
void packet_free(Packet *packet);
/* Closes it and forgets what was queued; does not wait for the process. */
void channel_close(Channel *channel);

/* Runs 'run' in a new process that is connected by *channel and has no other file open but
 * standard error; the process ends when 'run' returns.  False when none can be had. */
typedef void (*ChildFn)(Channel *channel, void *payload);
bool child_start(ChildFn run, void *payload, Channel *channel);
/* Kills the process, waits for its end, and closes the channel. */
void child_kill(Channel *channel);

#endif
