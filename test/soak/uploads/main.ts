import { upload } from './uploads.js'

/** Uploads to a slow application by FastCGI: `npm run soak:uploads -- 500`. */
const [, , count = '500'] = process.argv
const MEGABYTE = 1024 ** 2

const { uploads, lost, growth } = await upload(Number(count))
console.log(
  `${uploads} uploads of 20 MB: ${lost} lost, ${Math.round(growth / MEGABYTE)} MB over the start`,
)
process.exitCode = lost === 0 && growth <= 60 * MEGABYTE ? 0 : 1
