// The region whose services are asked, where there are several: a hub's page looks at one of them at a time.

const KEY = 'region'

class Place {
  regions = $state<string[]>([])
  chosen = $state(localStorage.getItem(KEY) ?? '')
  /** The region to name when a service is asked; nothing where there is but one. */
  asked = $derived(this.regions.length > 1 ? this.chosen : '')

  private settle = () => {}
  /** Kept once it is known which regions there are. */
  known = new Promise<void>((done) => (this.settle = done))

  found(regions: string[]) {
    this.regions = regions
    if (!regions.includes(this.chosen)) this.chosen = regions[0] ?? ''
    this.settle()
  }

  choose(region: string) {
    this.chosen = region
    localStorage.setItem(KEY, region)
  }

  /** What belongs to the region that is looked at. */
  here<T extends { region: string }>(all: readonly T[]): T[] {
    return all.filter((one) => !this.asked || one.region === this.asked)
  }
}

export const place = new Place()
