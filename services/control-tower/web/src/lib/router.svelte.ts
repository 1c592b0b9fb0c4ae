// Routes live in the hash: they work under any prefix, and a page with its filters is a link.

class Router {
  private raw = $state(location.hash)
  private url = $derived(new URL(this.raw.slice(1) || '/', 'http://page'))
  path = $derived(this.url.pathname.split('/').filter(Boolean).map(decodeURIComponent))
  query = $derived(this.url.searchParams)
  here = $derived(this.raw || '#/')

  constructor() {
    window.addEventListener('hashchange', () => (this.raw = location.hash))
  }

  go(path: string) {
    location.hash = path
  }
}

export const router = new Router()

export const link = (...parts: string[]) => '#/' + parts.map(encodeURIComponent).join('/')
