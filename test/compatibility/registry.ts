import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

/** A registry that has the packed packages, for the scope @common-gateway of package managers. */
export interface Registry {
  readonly url: string
  close(): void
}

/** Before any minimum age that a package manager asks for. */
const PUBLISHED = '2020-01-01T00:00:00.000Z'

/** @param folder - what `scripts/pack.mjs` has written. */
export async function openRegistry(folder: string, names: readonly string[]): Promise<Registry> {
  const tarballs = new Map<string, Buffer>()
  const server = createServer(({ url = '' }, response) => {
    const wanted = decodeURIComponent(url)
    const tarball = tarballs.get(wanted)
    const name = names.find((each) => wanted === `/@common-gateway/${each}`)
    if (tarball !== undefined) response.end(tarball)
    else if (name === undefined) response.writeHead(404).end('{}')
    else response.setHeader('Content-Type', 'application/json').end(describe(name))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  function describe(name: string): string {
    const text = readFileSync(path.join(folder, name, 'package.json'), 'utf8')
    // The file is ours: it has a name and a version.
    const manifest = JSON.parse(text) as { name: string; version: string }
    const { version } = manifest
    const file = `/common-gateway-${name}-${version}.tgz`
    const tarball = readFileSync(path.join(folder, file))
    tarballs.set(file, tarball)
    const dist = {
      tarball: `${url}${file}`,
      shasum: createHash('sha1').update(tarball).digest('hex'),
      integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    }
    return JSON.stringify({
      name: manifest.name,
      'dist-tags': { latest: version },
      time: { created: PUBLISHED, modified: PUBLISHED, [version]: PUBLISHED },
      versions: { [version]: { ...manifest, dist } },
    })
  }

  return { url, close: () => server.close() }
}
