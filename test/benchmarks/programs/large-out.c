/* 100 MiB in pieces of 64 KiB; the query `length` asks for a Content-Length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, PIECES = 1600 };

static char piece[PIECE];

int main(void) {
  const char *query = getenv("QUERY_STRING");
  printf("Content-Type: application/octet-stream\n");
  if (query != NULL && strcmp(query, "length") == 0) printf("Content-Length: %d\n", PIECE * PIECES);
  printf("\n");
  fflush(stdout);
  for (int count = 0; count < PIECES; count += 1) {
    for (size_t done = 0; done < PIECE;) {
      ssize_t written = write(STDOUT_FILENO, piece + done, PIECE - done);
      if (written < 0) return 1;
      done += (size_t)written;
    }
  }
  return 0;
}
