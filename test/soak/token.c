/* Answers with the query. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  const char *query = getenv("QUERY_STRING");
  printf("Content-Type: text/plain\n\n%s", query == NULL ? "" : query);
  return 0;
}
