// Times, numbers and names as people read them.

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' })
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })
  .formatToParts(new Date())
  .find((part) => part.type === 'timeZoneName')

export const zoneName = zone?.value ?? 'local time'
export const time = (iso: string | null | undefined) => (iso ? clock.format(new Date(iso)) : '–')
export const count = (value: number) => value.toLocaleString()

export function duration(milliseconds: number): string {
  const size = Math.abs(milliseconds)
  if (size < 1000) return `${Math.round(size)} ms`
  if (size < 60_000) return `${(size / 1000).toFixed(1)} s`
  if (size < 3_600_000) return `${Math.round(size / 60_000)} min`
  if (size < 48 * 3_600_000) return `${(size / 3_600_000).toFixed(1)} h`
  return `${Math.round(size / 86_400_000)} days`
}

export function since(iso: string, now: number): string {
  const passed = now - Date.parse(iso)
  return passed < 0 ? `in ${duration(passed)}` : `${duration(passed)} ago`
}

export const short = (type: string) => type.replace(/\.v\d+$/, '')
export const json = (value: unknown) => JSON.stringify(value, null, 2)
