/** Programs that open a URL in the user's browser. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open' }

/** A program and its arguments. */
export type BrowserCommand = readonly [program: string, ...args: string[]]

/**
 * The commands to try, in their order. BROWSER has them as xdg-open and Python's `webbrowser` read it: separated by
 * colons, each with its arguments, among which `%s` stands for the URL, which is else the last one. Quotes keep spaces.
 * An `&` at the end is dropped: nothing waits for the end of a browser.
 */
export function browserCommands(url: string, given: string | undefined): readonly BrowserCommand[] {
  const own = (given ?? '').split(':').flatMap((text) => toCommand(text, url) ?? [])
  return own.length > 0 ? own : [[OPENERS[process.platform] ?? 'xdg-open', url]]
}

function toCommand(text: string, url: string): [BrowserCommand] | undefined {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  )
  if (words.at(-1) === '&') words.pop()
  const [program, ...args] = words
  if (program === undefined) return undefined
  const isPlaced = args.some((word) => word.includes('%s'))
  const placed = args.map((word) => word.replaceAll('%s', () => url))
  return [[program, ...placed, ...(isPlaced ? [] : [url])]]
}
