// The live feed: one connection per tab, closed while the tab is hidden or the feed is paused.

export interface Frame {
  at: string
  kept: number
  stages: Record<string, number>
  late: number
}

class Live {
  frame = $state<Frame | null>(null)
  state = $state<'connecting' | 'live' | 'lost' | 'paused'>('connecting')
  private source: EventSource | null = null

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
    }
  }
}

export const live = new Live()
