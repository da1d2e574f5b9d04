/**
 * Waits for news that come on a way of their own, but not for longer than so many milliseconds; undefined
 * where they did not come.
 */
export async function waitFor<News>(
  news: Promise<News>,
  milliseconds: number,
): Promise<News | undefined> {
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<undefined>((resolve) => {
    // Once around the event loop at the end: after a stall the timer comes before the news.
    timer = setTimeout(() => setImmediate(resolve, undefined), milliseconds)
  })
  try {
    return await Promise.race([news, grace])
  } finally {
    clearTimeout(timer)
  }
}
