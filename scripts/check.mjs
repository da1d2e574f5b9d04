// Runs every check of package.json, also after one that failed, and sums up.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

const CHECKS = ['check:packages', 'check:api', 'lint', 'check:knip', 'format:check']

const results = []
const waiting = CHECKS.values()

async function work() {
  for (const name of waiting) {
    const start = performance.now()
    const [code, output] = await runScript(name)
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    results.push({ name, code, seconds })
    if (code !== 0) console.error(`\n${name}:\n${output}`)
  }
}

function runScript(name) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', name], { stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => chunks.push(chunk))
    }
    child.on('error', (error) => resolve([1, error.message]))
    child.on('close', (code) => resolve([code ?? 1, Buffer.concat(chunks).toString()]))
  })
}

await Promise.all(Array.from({ length: availableParallelism() }, work))
for (const { name, code, seconds } of results.toSorted((a, b) => a.code - b.code)) {
  console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`)
}
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1
