/* interrupt.c: signals that ask a scan to end, as something that can be waited for. */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "driver/driver.h"

Interrupt
interrupt_watch(void)
{
    const int ending[] = {SIGINT, SIGTERM};
    Interrupt watch = {.fd = -1};

    sigemptyset(&watch.awaited);
    for (size_t i = 0; i < COUNT_OF(ending); i++) {
        struct sigaction action;

        if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&watch.awaited, ending[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &watch.awaited, &watch.before);
    watch.fd = signalfd(-1, &watch.awaited, SFD_NONBLOCK | SFD_CLOEXEC);
    return watch;
}

int
interrupt_end(Interrupt *watch)
{
    struct signalfd_siginfo info;
    int number = 0;

    if (watch->fd >= 0 && read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        number = (int)info.ssi_signo;
    }
    if (watch->fd >= 0) {
        close(watch->fd);
    }
    sigprocmask(SIG_SETMASK, &watch->before, NULL);
    return number;
}
