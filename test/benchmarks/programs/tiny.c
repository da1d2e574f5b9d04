/* The same answer as small.c, without the C library: two system calls, and next to no page faults. */
#include <sys/syscall.h>
#include <unistd.h>

static const char answer[] = "Content-Type: text/plain\n\nhello\n";

void _start(void) {
  syscall(SYS_write, STDOUT_FILENO, answer, sizeof answer - 1);
  syscall(SYS_exit_group, 0);
}
