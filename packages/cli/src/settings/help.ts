import { type Flag, type FlagName, FLAGS, writeFlag } from './flags.js'

/** Where the second column begins. */
const COLUMN = 28

/** Lines of several flags, and what stands behind them; each other flag has a line of its own. */
const TOGETHER: readonly (readonly [names: readonly FlagName[], about: string])[] = [
  [['index', 'fallback'], '  * of a folder; of what names no file'],
  [['cwd', 'user', 'max-processes', 'timeout'], '  of scripts'],
  [['auth', 'tls-cert', 'tls-key'], '   users by htpasswd -B; HTTPS'],
  [['link-root', 'send'], '  * allow links to it; send these sources'],
  [['trust-proxy'], '    proxies that name the client in a header'],
  [['watch-errors', 'log'], '  WHO: on, off, local; FORMAT: text, json'],
  [['open', 'watch', 'metrics', 'completion'], '  in a browser; Prometheus'],
  [['no-status', 'config', 'print-config', 'man', 'version', 'help'], ''],
]

/** The output of `--help`. It fits a screen of 80 by 24. */
export const HELP = `Usage: common-gateway [folder] [port] [options]   (* can be given several times)
Serves the files of a folder, and runs the programs in its cgi-bin and htbin.

${writeLines().join('\n')}
`

function writeLines(): string[] {
  const grouped = new Set(TOGETHER.flatMap(([names]) => names))
  // The names of FLAGS.
  const names = Object.keys(FLAGS) as FlagName[]
  const alone = names.filter((name) => !grouped.has(name) && !isHidden(name)).map(writeLine)
  const together = TOGETHER.map(([group, about]) => {
    return `      ${group.map(writeFlag).join(', ')}${about}`
  })
  return [...alone, ...together]
}

function isHidden(name: FlagName): boolean {
  const flag: Flag = FLAGS[name]
  return flag.isHidden === true
}

function writeLine(name: FlagName): string {
  const { short, isRepeatable, about }: Flag = FLAGS[name]
  const start = short === undefined ? '      ' : `  -${short}, `
  return `${`${start}${writeFlag(name)}`.padEnd(COLUMN)}${isRepeatable === true ? '* ' : ''}${about}`
}
