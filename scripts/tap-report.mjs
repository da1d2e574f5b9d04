// What a person reads of a test file's result.

/** Whether a case or the file itself failed. */
export function hasFailed({ cases, faults }) {
  return faults.length > 0 || cases.some((found) => !found.ok)
}

/** One line: the file, its cases and its time. */
export function summaryOf(file, result) {
  const { cases, seconds } = result
  const mark = hasFailed(result) ? 'not ok' : 'ok'
  return `${mark} ${file.replace(/\.test\.js$/, '')}: ${cases.length} cases, ${seconds.toFixed(1)} s`
}

/** Each case, and of what failed everything that is known. */
export function detailsOf({ cases, faults, standardError }) {
  const lines = []
  for (const { ok, skip, names, details } of cases) {
    const mark = skip ? 'skip' : ok ? 'ok' : 'not ok'
    const reason = typeof skip === 'string' ? ` (${skip})` : ''
    lines.push(`  ${mark} ${names.join(' > ')}${reason}`)
    if (!ok) for (const result of details) lines.push(...explanationOf(result))
  }
  for (const fault of faults) lines.push(`  ${fault}`)
  if (standardError !== '') lines.push('  standard error:', indent(standardError))
  return lines.join('\n')
}

function explanationOf({ name, diag }) {
  const { stack, source, diff } = diag ?? {}
  return [name, diff, stack, source].filter(Boolean).map(indent)
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, '      ')
}
