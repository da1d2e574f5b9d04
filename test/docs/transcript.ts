import assert from 'node:assert/strict'

/** A command, and what it prints. */
interface Step {
  readonly command: string
  readonly output: string
}

/** What the commands of a `console` block are, and what the page says that they print. */
function parse(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [, command = '', output = ''] = /^((?:.*\\\n)*.*)\n([^]*)$/.exec(step) ?? []
      return { command, output }
    })
}

/**
 * Runs the commands of a `console` block, each on its own, and holds what they print to what the page
 * says. An ellipsis there stands for anything in a line or, alone in one, for any lines.
 */
export async function follow(
  block: string,
  runCommand: (command: string) => Promise<string>,
): Promise<void> {
  for (const { command, output } of parse(block)) {
    const printed = clean(await runCommand(command))
    const expected = clean(output)
    if (!toPattern(expected).test(printed)) assert.equal(printed, expected, command)
  }
}

function clean(output: string): string {
  return output.replace(/[ \r]+$/gm, '').trim()
}

function toPattern(expected: string): RegExp {
  const lines = expected.split('\n').map((line) => {
    if (line === '…') return '(?:.*\\n)*?.*'
    return line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')
  })
  return new RegExp(`^${lines.join('\\n')}$`)
}
