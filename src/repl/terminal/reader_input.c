/* Keys from the terminal, without ever being stuck in a read.

   A terminal throws away what was typed when Ctrl-C is pressed. So input that poll has just seen can be gone
   when it is to be read, and a read that waits would then wait for the next key, interrupt or not. The
   terminal is therefore opened once more, for reading without waiting: a descriptor of its own leaves alone the
   one that is shared with the shell and with commands. Where that cannot be (standard input is no
   terminal, or may not be opened again) standard input itself is read. */
#include "repl/terminal/reader.h"

#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

int reader_fd(void) {
    static int fd = -1;
    if (fd < 0 && isatty(STDIN_FILENO)) fd = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) fd = STDIN_FILENO;
    return fd;
}

ptrdiff_t reader_bytes(char *bytes, size_t room) {
    struct pollfd on[2] = {{.fd = reader_fd(), .events = POLLIN}, {.fd = lsv_interrupt_fd(), .events = POLLIN}};
    while (!lsv_interrupt_flag) {
        int ready = poll(on, 2, -1);
        if (ready > 0 && on[1].revents) break;
        if (ready < 0 && errno == EINTR) continue;
        ssize_t n = read(on[0].fd, bytes, room);
        if (n >= 0) return n;
        if (errno != EINTR && errno != EAGAIN) return 0;
    }
    return -1;
}

int reader_key(FILE *unused) {
    char key;
    (void)unused;
    ptrdiff_t n = reader_bytes(&key, 1);
    return n > 0 ? (unsigned char)key : n == 0 ? EOF : 0;
}
