// Where a place lies that a carrier names in words: "Leipzig, DE". The table comes from GeoNames (CC BY 4.0).
import { geoCentroid } from 'd3-geo'
import type { Feature } from 'geojson'
import table from './places.json'

export type Point = [longitude: number, latitude: number]
export interface Found {
  point: Point
  /** Whether only the country is known, not the town. */
  isCountry: boolean
}

const fold = (name: string) =>
  name.toLowerCase().normalize('NFKD').replace(/[^\x00-\x7f]/g, '').replace(/[^a-z0-9]/g, '')
const towns = new Map<string, Map<string, Point>>()

function townsOf(country: string): Map<string, Point> {
  let found = towns.get(country)
  if (!found) {
    const listed = (table.cities as Record<string, string>)[country] ?? ''
    found = new Map(
      listed.split(';').filter(Boolean).map((entry) => {
        const [name, latitude, longitude] = entry.split(' ')
        return [name!, [Number(longitude), Number(latitude)]]
      }),
    )
    towns.set(country, found)
  }
  return found
}

/** Return where the words point to: the town, else its country's middle; null when neither is known. */
export function locate(words: string, countries: Feature[]): Found | null {
  const parts = words.split(',').map((part) => part.trim())
  const country = parts.findLast((part) => /^[A-Z]{2}$/.test(part))
  if (!country) return null
  const known = townsOf(country)
  for (const part of parts) {
    const point = known.get(fold(part))
    if (point) return { point, isCountry: false }
  }
  const number = (table.numbers as Record<string, string>)[country]
  const shape = countries.find((one) => one.id === number)
  return shape ? { point: geoCentroid(shape) as Point, isCountry: true } : null
}
