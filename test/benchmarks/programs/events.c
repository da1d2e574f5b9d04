/* One event, and then nothing until it is stopped. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  printf("Content-Type: text/event-stream\n\ndata: first\n\n");
  fflush(stdout);
  for (;;) pause();
}
