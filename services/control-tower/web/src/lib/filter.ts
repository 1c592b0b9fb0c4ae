// A filter of orders is a part of the address: a view that is saved is a link.

export const FIELDS = ['stage', 'carrier', 'site', 'company', 'quiet_hours', 'late'] as const
export type Chosen = Partial<Record<(typeof FIELDS)[number] | 'before' | 'view', string>>

export const chosen = (query: URLSearchParams): Chosen =>
  Object.fromEntries([...query].filter(([, value]) => value !== '')) as Chosen

/** The address of a page with a filter, one part of it changed. */
export function address(page: string, now: Chosen, change: Chosen = {}): string {
  const wanted = Object.entries({ ...now, ...change }).filter(([, value]) => value)
  return `#/${page}${wanted.length ? '?' + new URLSearchParams(wanted as [string, string][]) : ''}`
}

/** What the API is asked with a filter. */
export const asked = ({ view, ...rest }: Chosen) => rest

export const said = (now: Chosen) => FIELDS.filter((name) => now[name]).length
