/** One bar. */
export interface Bar {
  readonly label: string
  readonly value: number
  /** What stands behind it. */
  readonly text: string
  /** Ours stands out. */
  readonly isOurs: boolean
}

/** Bars of the same scale. */
export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
}

const WIDTH = 760
const LABELS = 210
const LONGEST = 400
const BAR = 18
const STEP = 26
const TITLE = 44

/** Both colours of a bar can be read on white and on black; text takes that of its surroundings. */
const STYLE = `
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .bar { fill: #8c959f }
  .ours { fill: #2f81f7 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
`

/** Horizontal bars, group below group, as an SVG document. */
export function drawBars(description: string, groups: readonly BarGroup[]): string {
  let y = 0
  const lines: string[] = []
  for (const { title, bars } of groups) {
    y += TITLE
    lines.push(`<text class="title" x="0" y="${y - 16}">${escape(title)}</text>`)
    const largest = Math.max(...bars.map(({ value }) => value))
    for (const { label, value, text, isOurs } of bars) {
      const length = Math.max(1, Math.round((LONGEST * value) / largest))
      const base = y + BAR - 4
      lines.push(
        `<text x="${LABELS - 10}" y="${base}" text-anchor="end">${escape(label)}</text>`,
        `<rect class="bar${isOurs ? ' ours' : ''}" x="${LABELS}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`,
        `<text x="${LABELS + length + 8}" y="${base}">${escape(text)}</text>`,
      )
      y += STEP
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    `<title>${escape(description)}</title>`,
    `<style>${STYLE}</style>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
