// Publishes the packages of this version that are not published yet, with provenance, and tags them. For the workflow
// `release`; `-- --dry-run` publishes and tags nothing.
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { pack } from './pack.mjs'

const isTrial = process.argv.includes('--dry-run')
const tarballs = await pack(path.resolve(import.meta.dirname, '../build/packages'))
for (const tarball of tarballs) {
  const [, name, version] = /common-gateway-(\w+)-([^/]+)\.tgz$/.exec(tarball)
  const id = `@common-gateway/${name}@${version}`
  if (isPublished(id)) continue
  const args = ['publish', tarball, '--access', 'public', isTrial ? '--dry-run' : '--provenance']
  execFileSync('npm', args, { stdio: 'inherit' })
}
// The changesets action makes a release for each tag that this prints, also of a package that an earlier attempt published.
if (!isTrial) execFileSync('npx', ['changeset', 'tag'], { stdio: 'inherit' })

function isPublished(id) {
  try {
    return execFileSync('npm', ['view', id, 'version'], { stdio: 'pipe' }).length > 0
  } catch {
    return false
  }
}
