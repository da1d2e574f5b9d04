import assert from 'node:assert/strict'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { inflateSync } from 'node:zlib'
import { Page } from '../docs/page.js'
import { Workplace } from '../docs/workplace.js'
import { NO_HANG } from './application.js'
import { needs } from './programs.js'

const recipe = new Page('recipes/mapserver.md')

const SEA = [170, 211, 223]
const LAND = [89, 145, 76]

void t.test('MapServer', { ...needs('MapServer'), jobs: 2 }, async (t) => {
  for (const framework of ['fastify', 'express']) {
    /** Follows the recipe; returns what asks for a map. */
    async function serve(
      t: Test,
    ): Promise<(init: RequestInit & { query?: string }) => Promise<Response>> {
      const workplace = await Workplace.create(t, recipe)
      await workplace.start(process.execPath, [`${framework}.js`])
      return ({ query = '', ...init }) =>
        fetch(`${workplace.origin}/maps${query && `?${query}`}`, { ...init, signal: signalOf(t) })
    }

    void t.test(
      `ENV-1 RES-1 MapServer draws a map (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const ask = await serve(t)
        const response = await ask({ query: 'map=ISLANDS&mode=map' })
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-type'), 'image/png')
        const map = readPicture(Buffer.from(await response.arrayBuffer()))
        assert.deepEqual([map.width, map.height], [400, 200])
        assert.deepEqual([map.at(50, 100), map.at(200, 100), map.at(390, 100)], [SEA, LAND, SEA])
      },
    )

    void t.test(
      `ENV-1 MapServer answers a WMS request (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const ask = await serve(t)
        const view = 'LAYERS=islands&STYLES=&CRS=EPSG:4326&BBOX=0,0,20,40&WIDTH=80&HEIGHT=40'
        const wms = 'map=ISLANDS&SERVICE=WMS&VERSION=1.3.0'
        const response = await ask({ query: `${wms}&REQUEST=GetMap&${view}&FORMAT=image/png` })
        const map = readPicture(Buffer.from(await response.arrayBuffer()))
        assert.deepEqual([map.width, map.height], [80, 40])
        assert.deepEqual([map.at(10, 20), map.at(40, 20), map.at(75, 20)], [SEA, LAND, SEA])
        // It tells its own address, which it knows from the gateway.
        const { url } = await ask({})
        const capabilities = await (await ask({ query: `${wms}&REQUEST=GetCapabilities` })).text()
        assert.ok(capabilities.includes(`xlink:href="${url}?map=ISLANDS&amp;"`), capabilities)
      },
    )

    void t.test(
      `BODY-1 MapServer reads a form; no file can be asked for (${framework})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const ask = await serve(t)
        const post = (map: string): Promise<Response> =>
          ask({ method: 'POST', body: new URLSearchParams({ map, mode: 'map' }) })
        const picture = readPicture(Buffer.from(await (await post('ISLANDS')).arrayBuffer()))
        assert.deepEqual(picture.at(200, 100), LAND)
        for (const map of ['islands.map', '/etc/passwd', 'OTHER']) {
          const answer = await (await post(map)).text()
          assert.match(answer, /MapServer Message/, map)
          assert.doesNotMatch(answer, /root:/)
        }
      },
    )
  }
})

interface Picture {
  readonly width: number
  readonly height: number
  /** Red, green and blue of a pixel. */
  at(x: number, y: number): readonly number[]
}

/** Decodes a PNG of 8 bits for each of red, green and blue, without interlacing. */
function readPicture(png: Buffer): Picture {
  assert.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1A\n')
  const chunks: Record<string, Buffer[]> = {}
  for (let at = 8; at < png.length; ) {
    const size = png.readUInt32BE(at)
    const name = png.toString('latin1', at + 4, at + 8)
    ;(chunks[name] ??= []).push(png.subarray(at + 8, at + 8 + size))
    at += size + 12
  }
  const [header = Buffer.alloc(13)] = chunks['IHDR'] ?? []
  assert.deepEqual([...header.subarray(8)], [8, 2, 0, 0, 0])
  const width = header.readUInt32BE(0)
  const height = header.readUInt32BE(4)
  const lines = unfilter(inflateSync(Buffer.concat(chunks['IDAT'] ?? [])), {
    stride: width * 3,
    height,
  })
  return { width, height, at: (x, y) => [...(lines[y]?.subarray(x * 3, x * 3 + 3) ?? [])] }
}

/** Undoes the filters of the lines (PNG specification, section 9.2). */
function unfilter(data: Buffer, { stride, height }: { stride: number; height: number }): Buffer[] {
  const lines: Buffer[] = []
  let above = Buffer.alloc(stride)
  for (let y = 0; y < height; y += 1) {
    const start = y * (stride + 1)
    const line = Buffer.from(data.subarray(start + 1, start + 1 + stride))
    for (let x = 0; x < stride; x += 1) {
      const left = line[x - 3] ?? 0
      const up = above[x] ?? 0
      const corner = above[x - 3] ?? 0
      const sum = left + up - corner
      const nearest =
        [left, up, corner].toSorted((a, b) => Math.abs(sum - a) - Math.abs(sum - b))[0] ?? 0
      const predictions = [0, left, up, Math.floor((left + up) / 2), nearest]
      line[x] = (line[x] ?? 0) + (predictions[data[start] ?? 0] ?? 0)
    }
    lines.push(line)
    above = line
  }
  return lines
}
