import { isIsolated, runIsolated, whyNotIsolated } from './isolation.js'

const reason = isIsolated ? undefined : whyNotIsolated()
// The process that waits for the isolated one prints no TAP of its own, so it does not load tap.
if (!isIsolated && reason === undefined) runIsolated()
else {
  const { default: t } = await import('tap')
  const { needsRoot } = await import('../../apps/programs.js')
  const { forbiddenSuite, machinesSuite } = await import('./suite.js')
  void t.test('two machines, one of which fails under load', needsRoot('php-fpm', 'ip'), (t) =>
    reason === undefined ? machinesSuite(t) : forbiddenSuite(t, reason),
  )
}
