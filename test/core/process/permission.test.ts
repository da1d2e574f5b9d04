import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { promisify } from 'node:util'
import { createTemporaryFolder } from '../temporary-folder.js'

const folder = createTemporaryFolder(t)
const flags = process.allowedNodeEnvironmentFlags
const known = (...names: string[]): string[] => names.filter((name) => flags.has(name))
const [permission = '--experimental-permission'] = known('--permission')
const FLAGS = [permission, '--allow-fs-read=*', '--allow-fs-write=*', ...known('--allow-addons')]

/** Has a gateway made for each spawner by a Node with these flags; tells how each time went. */
async function create(...more: string[]): Promise<string[]> {
  const file = path.join(folder, 'host.mjs')
  writeFileSync(
    file,
    `import { createCgiHandler } from ${JSON.stringify(import.meta.resolve('@common-gateway/core'))}
     for (const spawner of ['auto', 'posix_spawn', 'child_process']) {
       try {
         createCgiHandler({ root: '/', spawner, logger: { warn() {}, error() {} } })
         console.log('made')
       } catch (error) {
         console.log(error.code + ' ' + error.message)
       }
     }`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, ...more, file])
  return stdout.trim().split('\n')
}

void t.test('OPT-1 where Node does not permit child processes there is no gateway', async () => {
  const results = await create()
  assert.equal(results.length, 3)
  for (const result of results) {
    assert.match(result, /^CGI_ERR_INVALID_OPTION .*`spawner` .*--allow-child-process/)
  }
})

void t.test('OPT-1 where Node permits child processes there is one', async () => {
  const [automatic, , byNode] = await create('--allow-child-process')
  assert.deepEqual([automatic, byNode], ['made', 'made'])
})
