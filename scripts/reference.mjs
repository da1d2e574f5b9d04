// Writes the parts of docs/reference that are made from the doc comments of the types, between
// `<!-- made: NAME -->` and `<!-- /made -->`. With --check it writes nothing, and exits with 1 if a page is not current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SHOWN_FLAGS, writeFlag } from '../packages/cli/dist/settings/flags.js'

const ROOT = new URL('../', import.meta.url)
const PAGES = new URL('docs/reference/', ROOT)

const read = (name) => readFileSync(new URL(name, ROOT), 'utf8')

/** The members of an interface that have a doc comment: name and text, without the asterisks. */
function membersOf(file, name) {
  const [, body = ''] =
    new RegExp(`interface ${name}\\b[^]*?\\{\\n([^]*?)\\n\\}`).exec(read(file)) ?? []
  const members = [
    ...body.matchAll(/^ {2}\/\*\*([^]*?)\*\/\n {2}(?:declare |readonly )*(\w+)\??:/gm),
  ]
  if (members.length === 0) throw new Error(`${file} has no interface ${name} with doc comments`)
  return members.map(([, comment, member]) => ({ name: member, text: toText(comment) }))
}

function toText(comment) {
  const line = comment.replace(/^\s*\* ?/gm, ' ').replace(/\s+/g, ' ')
  return line.replace(/\{@link (\w+)[^}]*\}/g, '`$1`').trim()
}

/** A doc comment of an option: its name, type, sentences, default and example. */
function toOption({ name, text }) {
  const [, own, type, rest] = /^\*\*(\w+)\*\* `(.+?)` - (.*)$/.exec(text) ?? []
  if (own !== name)
    throw new Error(`the doc comment of ${name} does not begin with **${name}** and its type`)
  const [, sentences, value, example] = /^(.*?) Default: (.*?)\.? @example `(.*)`$/.exec(rest) ?? []
  if (example === undefined) throw new Error(`${name} has no default or no @example`)
  return { name, type, sentences, value, example }
}

function optionsOf(call, sources) {
  const options = sources.flatMap(([file, name]) => membersOf(file, name)).map(toOption)
  return options
    .map(({ name, type, sentences, value, example }) =>
      [
        `### ${name}`,
        `Type: \`${type}\`. Default: ${value}.`,
        sentences,
        `\`\`\`js\n${call}(${example})\n\`\`\``,
      ].join('\n\n'),
    )
    .join('\n\n')
}

/** A table of options, each with a link to its heading. */
function indexOf(sources) {
  const options = sources.flatMap(([file, name]) => membersOf(file, name)).map(toOption)
  const rows = options.map(({ name, sentences, value }) => {
    return [`[\`${name}\`](#${name.toLowerCase()})`, value, firstSentence(sentences)]
  })
  return createTable(['option', 'default', 'in short'], rows)
}

/** Sentences end before a capital letter; `git-http-backend. GET` would be one, `e.g. a` none. */
function firstSentence(text) {
  return /^.*?[.](?= [A-Z`']|$)/.exec(text)?.[0] ?? text
}

function fieldsOf(file, name) {
  const rows = membersOf(file, name).map((member) => [`\`${member.name}\``, member.text])
  return createTable(['field', 'what it is'], rows)
}

function errorsOf() {
  const [, body = ''] =
    /const ERRORS = \{\n([^]*?)\n\} as const/.exec(read('packages/core/src/data/cgi-error.ts')) ??
    []
  const rows = [...body.matchAll(/(CGI_ERR_\w+): \[\s*(\d+),\s*'(.*?)'/g)]
  return createTable(
    ['code', 'status', 'message'],
    rows.map(([, code, status, sentence]) => [`\`${code}\``, status, `${sentence}.`]),
  )
}

/** The flags of the command, each with a link to its heading, which has the names of `--help`. */
function flagsOf() {
  const page = readFileSync(new URL('command.md', PAGES), 'utf8')
  const rows = SHOWN_FLAGS.map(([name, { about, isRepeatable }]) => {
    const heading = headingOf(page, name)
    return [`[\`${writeFlag(name)}\`](#${toFragment(heading)})${isRepeatable ? ' *' : ''}`, about]
  })
  return createTable(['flag', 'in short'], rows)
}

function headingOf(page, name) {
  const [, heading] = new RegExp(`^### (.*--${name}\\b(?!-).*)$`, 'm').exec(page) ?? []
  if (heading === undefined) throw new Error(`command.md has no heading for --${name}`)
  return heading
}

function toFragment(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
}

function createTable(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

const CORE = [
  ['packages/core/src/options/options.ts', 'CgiOptions'],
  ['packages/core/src/options/process-options.ts', 'ProcessOptions'],
]
const EXPRESS = [['packages/express/src/types.ts', 'CgiMiddlewareOptions']]
const FASTCGI = [
  ['packages/fastcgi/src/options.ts', 'ScgiOptions'],
  ['packages/fastcgi/src/options.ts', 'FastcgiOptions'],
]
const WARM = [['packages/warm/src/options/options.ts', 'WarmOptions']]

const PARTS = {
  'index of options': () => indexOf([...CORE, ...EXPRESS]),
  options: () => optionsOf('cgi', CORE),
  'options of the middleware': () => optionsOf('cgi', EXPRESS),
  'index of fastcgi': () => indexOf(FASTCGI),
  'options of fastcgi': () => optionsOf('fastcgi', FASTCGI),
  'index of warm': () => indexOf(WARM),
  'options of warm': () => optionsOf('warm', WARM),
  flags: flagsOf,
  errors: errorsOf,
  'facts of an error': () => fieldsOf('packages/core/src/data/cgi-error.ts', 'CgiErrorDetails'),
  'fields of a run': () => fieldsOf('packages/core/src/data/message.ts', 'CgiRun'),
  'fields of stats': () => fieldsOf('packages/core/src/run/diagnostics.ts', 'CgiStats'),
}

function fill(page) {
  return page.replace(
    /(<!-- made: (.+?) -->\n)[^]*?(<!-- \/made -->)/g,
    (_all, begin, name, end) => {
      if (!Object.hasOwn(PARTS, name)) throw new Error(`there is no part ${name}`)
      return `${begin}\n${PARTS[name]()}\n\n${end}`
    },
  )
}

const isCheck = process.argv.includes('--check')
for (const name of readdirSync(PAGES).filter((each) => each.endsWith('.md'))) {
  const file = new URL(name, PAGES)
  const page = readFileSync(file, 'utf8')
  const current = fill(page)
  if (current === page) continue
  if (!isCheck) writeFileSync(file, current)
  else {
    console.error(`${fileURLToPath(file)} is not current: npm run docs:reference`)
    process.exitCode = 1
  }
}
