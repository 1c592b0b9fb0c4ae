// Times, numbers and names as people read them.

/** Stages after which nothing more is awaited of an order. */
export const ENDED = ['completed', 'return closed', 'cancelled']

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'medium' })
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' })
  .formatToParts(new Date())
  .find((part) => part.type === 'timeZoneName')

const hour = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

export const zoneName = zone?.value ?? 'local time'
export const time = (iso: string | null | undefined) => (iso ? clock.format(new Date(iso)) : '–')
/** A time as short as it can be said: the clock alone for today. */
export function brief(iso: string | null | undefined): string {
  if (!iso) return '–'
  const at = new Date(iso)
  return at.toDateString() === new Date().toDateString() ? hour.format(at) : day.format(at)
}
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
export const share = (value: unknown) => (value === null || value === undefined ? '–' : `${(Number(value) * 100).toFixed(1)} %`)
export const plural = (number: number, one: string, many = one + 's') => `${count(number)} ${number === 1 ? one : many}`

/** The members of a list by a key, in the order they come; for browsers without `Map.groupBy`. */
export function grouped<T>(all: readonly T[], key: (one: T) => string): [string, T[]][] {
  const found = new Map<string, T[]>()
  for (const one of all) found.set(key(one), [...(found.get(key(one)) ?? []), one])
  return [...found]
}
