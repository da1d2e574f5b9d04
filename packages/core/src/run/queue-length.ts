/** How many requests of a gateway wait, over all of its transports: `maxQueue` limits them together. */
export class QueueLength {
  value = 0
}
