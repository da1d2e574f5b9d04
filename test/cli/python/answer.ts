/** What of an answer is compared, by its name. */
export type Facets = Readonly<Record<string, string>>

/** What a server has sent on a connection, until it closed it. */
export interface Answer {
  readonly version: string
  readonly status: string
  readonly reason: string
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Reads an answer as leniently as browsers do: Python's server passes on what a script prints. */
export function readAnswer(text: string): Answer {
  const end = /\r?\n\r?\n/.exec(text)
  const head = end === null ? text : text.slice(0, end.index)
  const rest = end === null ? '' : text.slice(end.index + end[0].length)
  const [statusLine = '', ...lines] = head.split(/\r?\n/)
  const [version = '', status = '', ...reason] = statusLine.split(' ')
  const fields = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const isChunked = fields.some(([name]) => name === 'transfer-encoding')
  const body = isChunked ? joinChunks(rest) : rest
  return { version, status, reason: reason.join(' '), fields, body }
}

/** The parts of an answer that each client sees. */
export function toVisible(answer: Answer): Facets {
  const { status, fields, body } = answer
  const valuesOf = (wanted: string): string => {
    const values = fields.filter(([name]) => name === wanted).map(([, value]) => value)
    return values.join(' + ')
  }
  const isOwnPage = body.includes('<h1>Error response</h1>') || /^\d{3} [\w ]+\n$/.test(body)
  return {
    status,
    type: isOwnPage ? 'of an error page' : valuesOf('content-type'),
    location: valuesOf('location'),
    cookies: valuesOf('set-cookie'),
    body: isOwnPage ? 'an error page' : body,
  }
}

/** The same, with the text of error pages, the status line, and the length. */
export function toLiteral(answer: Answer): Facets {
  const { version, reason, body, fields } = answer
  const type = fields.find(([name]) => name === 'content-type')?.[1] ?? ''
  const plain = body.replaceAll(/(?:<[^>]*>|\s)+/g, ' ').trim()
  return { ...toVisible(answer), version, reason, type, body: plain }
}

/** The same of a folder, whose content is the names that it lists. */
export function toListing(answer: Answer): Facets {
  const names = [...answer.body.matchAll(/<li><a[^>]* href="(?:\.\/)?([^"]+)"/g)]
  return { ...toVisible(answer), body: names.map(([, name]) => name).join(' ') }
}

/** What the script `seen.py` prints. */
interface Seen {
  readonly variables: Readonly<Record<string, string>>
  readonly arguments: readonly string[]
  readonly folder: string
  readonly user: number
}

/** The same, with what `seen.py` saw in the place of the body; paths begin with SITE. */
export function toSeen(answer: Answer, site: string): Facets {
  const visible = toVisible(answer)
  if (!answer.body.startsWith('{')) return visible
  const seen = JSON.parse(answer.body) as Seen
  const variables = Object.entries(seen.variables)
    .filter(([name]) => name === OF_THE_HOST || !(name in process.env))
    // What Python and the shells between set by themselves.
    .filter(([name]) => !/^(?:LC_CTYPE|PWD|OLDPWD|SHLVL|_|_?PYENV_\w+)$/.test(name))
    .map(([name, value]) => {
      const isPort = name.endsWith('_PORT') && /^\d+$/.test(value)
      return [name, isPort ? 'a port' : value.replaceAll(site, 'SITE')] as const
    })
  return {
    ...visible,
    body: 'what the script saw',
    arguments: seen.arguments.map((each) => `'${each}'`).join(' '),
    folder: seen.folder.replace(site, 'SITE'),
    ...(process.getuid?.() === 0 && { user: seen.user === 0 ? 'root' : 'nobody' }),
    ...Object.fromEntries(variables),
  }
}

/** A variable of the environment that both servers are started in. */
export const OF_THE_HOST = 'COMMON_GATEWAY_OF_THE_HOST'

function joinChunks(text: string): string {
  let rest = text
  let joined = ''
  for (;;) {
    const [line = '', size = ''] = /^([\da-f]+)\r\n/i.exec(rest) ?? []
    const length = Number.parseInt(size, 16)
    if (!(length > 0)) return joined
    joined += rest.slice(line.length, line.length + length)
    rest = rest.slice(line.length + length + 2)
  }
}
