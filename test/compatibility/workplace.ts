import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Project } from './cell.js'
import { run } from './command.js'

/** Installs a project in a new folder of `parent`. @throws with the output of the package manager. */
export async function install(project: Project, parent: string, registry: string): Promise<string> {
  const folder = mkdtempSync(path.join(parent, 'project-'))
  const manifest = { name: 'project', private: true, dependencies: project.packages }
  const files = {
    ...project.files,
    ...project.manager.settings(registry),
    'package.json': JSON.stringify(manifest),
  }
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
    if (name.startsWith('cgi-bin/')) chmodSync(file, 0o755)
  }
  const { isSuccess, output } = await run(folder, project.manager.install)
  if (isSuccess) return folder
  rmSync(folder, { recursive: true })
  throw new Error(`${project.manager.install.join(' ')} has failed:\n${output}`)
}
