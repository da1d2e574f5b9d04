import { html, type Markup } from '../text/markup.js'
import { countOf, describeDuration } from './quantity.js'
import { SLOT_COUNT, SLOT_LENGTH, type TrafficSlot } from './traffic.js'

/** Height of a plot in SVG units. A slot is ten units wide. */
const HEIGHT = 100
const SLOT_WIDTH = 10
const BAR_WIDTH = 8

const MINUTES = (SLOT_COUNT * SLOT_LENGTH) / 60_000

/** The data of a plot. */
interface Plot {
  readonly title: string
  /** A summary in words, shown beside the plot and read by screen readers. */
  readonly summary: string
  /** Label of the line at the top. */
  readonly top: string
  /** Groups of bars, from back to front. */
  readonly layers: readonly Layer[]
}

/** Bars with one class. */
interface Layer {
  readonly kind: 'plain' | 'pale' | 'failed'
  /** Heights from 0 to 1. */
  readonly heights: readonly number[]
}

/** Plots of the requests of the last minutes and of the times to the header of scripts. */
export function writePlots(slots: readonly TrafficSlot[]): Markup {
  return html`${writePlot(requestPlot(slots))}${writePlot(timePlot(slots))}`
}

function requestPlot(slots: readonly TrafficSlot[]): Plot {
  const most = Math.max(4, ...slots.map(({ requests }) => requests))
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
  const requests = sum(slots.map((slot) => slot.requests))
  const failed = sum(slots.map((slot) => slot.failed))
  return {
    title: 'Requests',
    summary: `${countOf(requests, 'request')} in ${MINUTES} minutes, ${failed} failed`,
    top: `${most} in ${SLOT_LENGTH / 1000} s`,
    layers: [
      { kind: 'pale', heights: slots.map((slot) => slot.requests / most) },
      { kind: 'failed', heights: slots.map((slot) => slot.failed / most) },
    ],
  }
}

function timePlot(slots: readonly TrafficSlot[]): Plot {
  const longest = slots.map((slot) => slot.longestHeaderTime ?? 0)
  const medians = slots.flatMap((slot) => slot.medianHeaderTime ?? [])
  const most = roundUp(Math.max(10, ...longest))
  const middle = medians.toSorted((one, other) => one - other)[Math.floor(medians.length / 2)]
  const slowest = Math.max(...longest)
  return {
    title: 'Time to a script’s header',
    summary:
      middle === undefined
        ? `no script in ${MINUTES} minutes`
        : `${describeDuration(middle)} typically, ${describeDuration(slowest)} at most`,
    top: describeDuration(most),
    layers: [
      { kind: 'pale', heights: longest.map((time) => time / most) },
      { kind: 'plain', heights: slots.map((slot) => (slot.medianHeaderTime ?? 0) / most) },
    ],
  }
}

/** Rounds up to 1, 2, 5 or 10 times a power of ten, so that the scale changes rarely. */
function roundUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5].find((step) => value <= step * magnitude) ?? 10) * magnitude
}

function writePlot({ title, summary, top, layers }: Plot): Markup {
  const paths = layers.map(({ kind, heights }) => {
    return html`<path class="${kind}" d="${heights.map(drawBar).join('')}"/>`
  })
  return html`<figure>
<figcaption><b>${title}</b> <span>${summary}</span></figcaption>
<div class="plot"><span class="top">${top}</span>
<svg viewBox="0 0 ${SLOT_COUNT * SLOT_WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}: ${summary}">${paths}</svg>
</div>
<p class="axis"><span>${MINUTES} minutes ago</span> <span>now</span></p>
</figure>
`
}

function drawBar(height: number, index: number): string {
  if (height === 0) return ''
  // A value above 0 is at least two units high, so that it is visible.
  const y = Math.max(2, Math.round(height * HEIGHT))
  return `M${index * SLOT_WIDTH + 1} ${HEIGHT}v-${y}h${BAR_WIDTH}v${y}z`
}
