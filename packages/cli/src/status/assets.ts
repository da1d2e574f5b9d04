import { readFile } from 'node:fs/promises'
import { type Assets, createAssets } from '../text/document.js'

/** Reads the style sheet and the script of the pages from the files of the package. */
export async function readAssets(): Promise<Assets> {
  const [style, script] = await Promise.all([
    readFile(new URL(import.meta.resolve('#page.css')), 'utf8'),
    readFile(new URL(import.meta.resolve('#page.js')), 'utf8'),
  ])
  return createAssets(style, script)
}
