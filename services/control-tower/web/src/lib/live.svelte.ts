// The live feed: one connection per tab, closed while the tab is hidden or the feed is paused.

export interface Frame {
  at: string
  kept: number
  stages: Record<string, number>
  late: number
}

class Live {
  frame = $state<Frame | null>(null)
  /** Grows when something was kept, at most once a second: what a page loads anew when it changes. */
  beat = $state(0)
  state = $state<'connecting' | 'live' | 'lost' | 'paused'>('connecting')
  private source: EventSource | null = null
  private due = 0

  start() {
    document.addEventListener('visibilitychange', () => this.connect())
    this.connect()
  }

  toggle() {
    this.state = this.state === 'paused' ? 'connecting' : 'paused'
    this.connect()
  }

  private connect() {
    this.source?.close()
    this.source = null
    if (document.hidden || this.state === 'paused') return
    this.source = new EventSource('api/v1/stream')
    this.source.onopen = () => (this.state = 'live')
    this.source.onerror = () => (this.state = 'lost')
    this.source.onmessage = (message) => {
      this.state = 'live'
      this.frame = JSON.parse(message.data) as Frame
      if (!this.due) this.due = window.setTimeout(() => ((this.beat += 1), (this.due = 0)), this.beat ? 1000 : 0)
    }
  }
}

export const live = new Live()
