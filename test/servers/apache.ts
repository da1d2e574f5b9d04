import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findFreePort, findProgram, startProgram } from './program.js'
import type { Server } from './server.js'

const MODULES = '/usr/lib/apache2/modules'

function find(): string | undefined {
  return findProgram('/usr/sbin/apache2')
}

export const apache: Server = {
  name: 'Apache',
  get description() {
    const program = find()
    if (program === undefined) return 'Apache'
    const version = execFileSync(program, ['-v'], { encoding: 'utf8' })
    return `${/Apache\/\S+/.exec(version)?.[0] ?? 'Apache'}, mod_cgid, \`ScriptAlias\`, defaults`
  },
  isOurs: false,
  missing: () => (find() === undefined ? 'apache2' : undefined),
  async start(site) {
    const port = await findFreePort()
    const file = path.join(site.folder, `apache-${port}.conf`)
    await writeFile(file, configuration(site.folder, site.root, port))
    const address = { port, host: '127.0.0.1' }
    return {
      port,
      ...(await startProgram(find() ?? 'apache2', ['-f', file, '-DFOREGROUND'], { address, site })),
    }
  },
}

function configuration(folder: string, root: string, port: number): string {
  const modules = ['mpm_event', 'authz_core', 'alias', 'mime', 'cgid']
  return `
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/apache-${port}.pid
ErrorLog ${folder}/apache-${port}-error.log
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ScriptSock ${folder}/cgid-${port}.sock
TypesConfig /dev/null
DocumentRoot ${root}
Timeout 6
ScriptAlias /cgi-bin/ ${root}/cgi-bin/
<Directory ${root}>
  Require all granted
</Directory>
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
`
}
