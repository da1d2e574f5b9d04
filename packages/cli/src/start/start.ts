import { METRICS_PATH } from '../access/access.js'
import type { Configuration } from '../settings/configuration.js'
import { toJsonLine } from '../log/json-log.js'
import { surveyScripts } from '../advice/script-survey.js'
import { describeAddress } from '../server/server-address.js'
import type { RunningServer } from '../server/server.js'
import { describeStrayScripts } from '../advice/stray-scripts.js'
import { type StartFacts, writeStartScreen } from './start-screen.js'
import type { Paint } from '../text/terminal-style.js'
import { readVersion } from '../settings/version.js'

/** The message that the server has started: a screen of text, or one line of JSON. */
export async function writeStart(
  server: RunningServer,
  configuration: Configuration,
  paint: Paint,
): Promise<string> {
  const { settings, folder } = configuration
  const { site } = server
  const surveys = await Promise.all(
    site.cgiFolders.map(async (mount) => ({ ...(await surveyScripts(mount, site)), ...mount })),
  )
  const stray = await describeStrayScripts(site)
  const address = describeAddress(server.scheme, settings.bind, server.port)
  const facts: StartFacts = {
    version: await readVersion(),
    address,
    folder,
    surveys,
    everywhere: site,
    programs: site.programs,
    applications: site.applications,
    statusPath: server.statusPath,
    metricsPath: settings.metrics === true ? METRICS_PATH : undefined,
    qrCode: process.stdout.isTTY ? await writeQrCode(address.networkUrls) : undefined,
    notes: [...notesOn(server, configuration), ...(stray === undefined ? [] : [stray])],
    warnings: warningsOn(address.isOpen, configuration),
  }
  if (settings.log === 'text') return writeStartScreen(facts, paint)
  const { url, networkUrls } = address
  const { version, warnings, notes } = facts
  const time = new Date().toISOString()
  const remarks = [...warnings, ...notes]
  const scripts = surveys
    .filter(({ isThere }) => isThere)
    .map((survey) => ({ url: survey.url || '/', count: survey.count, problems: survey.problems }))
  return toJsonLine({ event: 'start', time, version, url, networkUrls, folder, scripts, remarks })
}

/** Imported only where the server listens on the network, for a faster start. */
async function writeQrCode([url]: readonly string[]): Promise<string | undefined> {
  if (url === undefined) return undefined
  const { renderUnicodeCompact } = await import('uqr')
  return renderUnicodeCompact(url)
}

function notesOn({ port }: RunningServer, configuration: Configuration): string[] {
  const { settings, configFile, isIgnored } = configuration
  const notes: string[] = []
  if (settings.port !== 0 && port !== settings.port) {
    notes.push(`Port ${settings.port} is in use, so this is ${port}.`)
  }
  if (configFile !== undefined && !isIgnored) notes.push(`Settings come from ${configFile}.`)
  return notes
}

function warningsOn(isOpen: boolean, configuration: Configuration): string[] {
  const { settings, configFile = '', isIgnored } = configuration
  const warnings: string[] = []
  if (isOpen && settings.auth === undefined) {
    warnings.push('anyone on the network can read these files and run these scripts.')
  } else if (isOpen && settings['tls-cert'] === undefined) {
    warnings.push(
      'passwords go over the network unencrypted; --tls-cert and --tls-key turn on HTTPS.',
    )
  }
  if (process.getuid?.() === 0 && settings.user === undefined) {
    warnings.push(
      'scripts run as root, as this command does; --user NAME runs them as another user.',
    )
  }
  if (isIgnored) {
    warnings.push(`${configFile} is in the served folder and is not read; --config reads it.`)
  }
  return warnings
}
