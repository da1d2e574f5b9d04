import { readFileSync } from 'node:fs'

const FOLDER = new URL('../../../docs/', import.meta.url)

/** A block of code of a page. */
export interface Block {
  /** What stands after the fence: `js`, `sh`, `console`. */
  readonly language: string
  /** The file that it is to be put into, with which the line before it begins: `` `server.js`: `` */
  readonly file: string | undefined
  readonly text: string
}

/** A row of a table, its cells in Markdown. */
export type Row = readonly string[]

/** A page of the documentation, as what can be held to the code. */
export class Page {
  readonly text: string
  readonly blocks: readonly Block[]

  /** @param name - its path below `docs`. */
  constructor(readonly name: string) {
    this.text = readFileSync(new URL(name, FOLDER), 'utf8')
    this.blocks = readBlocks(this.text)
  }

  /** What is to be put into files. */
  get files(): readonly { readonly name: string; readonly text: string }[] {
    return this.blocks.flatMap(({ file, text }) =>
      file === undefined ? [] : [{ name: file, text }],
    )
  }

  /** The text of a file of the page. @throws where it has none of this name. */
  file(name: string): string {
    const file = this.files.find((each) => each.name === name)
    if (file === undefined) throw new Error(`${this.name} has no file ${name}`)
    return file.text
  }

  /** The blocks of a language that go into no file. */
  loose(language: string): readonly string[] {
    return this.blocks
      .filter((block) => block.file === undefined && block.language === language)
      .map(({ text }) => text)
  }

  /** The rows of the table below a heading, without its head. @throws where there is none. */
  table(heading: string): readonly Row[] {
    const [, section] = this.text.split(`\n## ${heading}\n`)
    const [, , ...rows] =
      /(?:^\|.*\n)+/m
        .exec(section ?? '')?.[0]
        .trimEnd()
        .split('\n') ?? []
    if (rows.length === 0) throw new Error(`${this.name} has no table in ${heading}`)
    return rows.map((row) => {
      // A bar that is code is written with a backslash.
      const cells = row.slice(1, -1).split(/(?<!\\)\|/)
      return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
    })
  }
}

/** What a text has between backticks. */
export function codeOf(text: string): readonly string[] {
  return [...text.matchAll(/(`+)(.+?)\1(?!`)/g)].map(([, , code = '']) => code.trim())
}

function readBlocks(text: string): Block[] {
  const fenced = /^(?<before>.*)\n\n?```(?<language>\w*)\n(?<code>[^]*?)^```$/gm
  return [...text.matchAll(fenced)].map(({ groups }) => {
    const { before = '', language = '', code = '' } = groups ?? {}
    return { language, file: /^`([\w./-]+)`(?:, .*)?:$/.exec(before)?.[1], text: code }
  })
}
