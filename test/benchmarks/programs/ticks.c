/* As many events as the query says, one each millisecond. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  const char *query = getenv("QUERY_STRING");
  long events = query == NULL ? 0 : atol(query);
  printf("Content-Type: text/event-stream\n\n");
  for (long event = 0; event < events; event += 1) {
    printf("data: %06ld\n\n", event);
    fflush(stdout);
    usleep(1000);
  }
  return 0;
}
