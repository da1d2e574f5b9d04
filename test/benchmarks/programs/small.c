#include <stdio.h>

int main(void) {
  fputs("Content-Type: text/plain\n\nhello\n", stdout);
  return 0;
}
