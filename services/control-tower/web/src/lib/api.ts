// The tower's API. Every call either returns what it is asked for or throws a Problem that says what to do.

import { place } from './place.svelte'

export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

export interface Journey {
  correlation_id: string
  stage: string | null
  stage_at: string | null
  first_at: string
  last_at: string
  events: number
  company: string
  region: string
}
export interface Hit extends Journey {
  kind: string
  value: string
}
export interface Card extends Journey {
  total: number
}
export interface Parcel {
  tracking_number: string
  correlation_id: string
  order_id: string
  carrier_code: string
  milestone: string
  at: string
  location: string | null
  located_at: string | null
  promised_at: string | null
  expected_at: string | null
  delivered_at: string | null
  is_late: boolean
}
export interface Told {
  id: string
  type: string
  service: string
  subject: string
  happened_at: string
  recorded_at: string
  after_ms: number | null
  depth: number
  cause: string | null
  system: string | null
  data: Record<string, unknown>
}
export interface Deadline {
  correlation_id: string
  order_id: string | null
  flow: string
  after: string
  awaited: string[]
  opened_at: string
  risk_at: string | null
  /** None while the limit stands still. */
  due_at: string | null
  met_at: string | null
}
export interface SlaGroup {
  flow: string
  process_domain: string
  open: number
  at_risk: number
  breached: number
  held: number
  day: { met: number; missed: number; met_share: number | null }
}
export interface Waiting {
  kind: string
  what: string
  why: string
  since: string
  next: string
  owner: string
}
export interface Story extends Journey {
  story: Told[]
  deadlines: Deadline[]
  steps: Spent[]
  services: Share[]
  until_told_ms: number | null
}
export interface Spent {
  event_id: string
  type: string
  what: string
  service: string
  after: string | null
  kind: 'reaction' | 'call' | 'outside'
  ms: number
  limit_ms: number | null
}
export interface Share {
  service: string
  steps: number
  reaction_ms: number
  call_ms: number
  outside_ms: number
  reported_ms: number
}
export interface Node {
  name: string
  domain: string
  region: string
  answers: boolean
  why: string[]
  dead: number
  waiting: number
  calls_waiting: number
  /** Null: the service does not know. */
  lag: number | null
  outbox_age_seconds: number
  systems: Record<string, 'closed' | 'half open' | 'open'>
}
export interface Edge {
  publisher: string
  consumer: string
  types: string[]
  per_minute: number
}
export interface Picture {
  at: string
  services: Node[]
  edges: Edge[]
  per_minute: Record<string, number>
}
export interface Playbook {
  title: string
  team: string
  act: string
  steps: string
}
export interface Group {
  service: string
  region: string
  group: string
  source: string
  kind: string | null
  error_class: string
  error: string
  remedy: string
  dead: number
  waiting: number
  in_hand: number
  oldest: string
  newest: string
  playbook: Playbook
}
export interface Letter {
  id: number
  source: string
  origin: string
  state: string
  kind: string | null
  error_class: string
  error: string
  fingerprint: string
  remedy: string
  assignee: string | null
  tries: number
  correlation_id: string | null
  created_at: string
  changed_at: string
  outcome: string | null
}
export interface Change {
  action: string
  actor: string
  reason: string
  at: string
}
export interface FullLetter extends Letter {
  body: string
  encoding: string
  is_masked: boolean
  digest: string
  playbook: Playbook
  history: Change[]
}
export interface Act {
  id: string
  action: string
  actor: string
  reason: string
  target: string | null
  covered: number
  state: string
  note: string
  created_at: string
  ended_at: string | null
  counts: Record<string, number>
}
export interface Wish {
  action: string
  actor: string
  reason: string
  target?: string
  selection: Record<string, unknown>
}
export interface Entry {
  type: string
  name: string
  what: string
  domain: string
  owner: string
  consumers: string[]
  flows: string[]
}
export interface Described extends Entry {
  json_schema: Record<string, unknown>
  mode: string | null
  revisions: { revision: number; digest: string; since: string }[]
  readers: { service: string; reads: Record<string, string> | 'everything'; since: string }[]
}
export interface Step {
  event: string
  publisher: string
  what: string
  after: string[]
  within_seconds: number | null
}
export interface Flow {
  name: string
  title: string
  steps: Step[]
}
export interface ReplayPlan {
  service: string
  types: { type: string; count: number; handled: string }[]
  total: number
  seconds: number
  effects: Record<string, string>
}
export interface Replay {
  id: string
  state: string
  total: number
  done: number
  counts: Record<string, number>
  error: string | null
  created_at: string
  request: { actor: string; reason: string; types: string[]; correlation_id: string | null }
}

export interface Standing {
  carrier: string
  title: string | null
  problem: string | null
  last_message_at: string | null
  messages: number
  dead: number
  unmapped: number
  last_minute: number
  quota_per_second: number
}
export interface ProfileText {
  carrier: string
  text: string
  revision: string
  sample: string | null
}
export interface TrialEvent {
  tracking_number: string | null
  code: string | null
  milestone: string
  reason: string | null
  at: string | null
  basis: string | null
  place: string | null
  text: string
  is_proof: boolean
  came_from: Record<string, string>
}
export interface Trial {
  disposition: string
  problem: string | null
  events: TrialEvent[]
  unmapped: string[]
}
export interface Tried {
  mistakes: { line: number; what: string }[]
  trial: Trial | null
}
export interface RawMessage {
  seq: number
  channel: string
  bytes: number
  received_at: string
  outcome: string | null
  facts: number
  unmapped: number
}
export interface ShownMessage {
  seq: number
  carrier_code: string
  channel: string
  received_at: string
  body: string
  is_masked: boolean
  trial: Trial | null
}
export interface Done {
  service: string
  id: string
  action: string
  actor: string
  reason: string
  target: string | null
  about: string[]
  covered: number
  state: string
  at: string
  detail: Record<string, unknown>
}
export interface Partner {
  name: string
  changed_at: string
  actor: string
  body: { title: string; role: string; country: string | null; endpoints: Record<string, string>; identifiers: Record<string, string>; is_active: boolean }
}

const PAUSES = [300, 1500]
/** Services are asked in the region that is looked at. */
const placed = (path: string) =>
  place.asked && path.startsWith('services/') ? `${path}${path.includes('?') ? '&' : '?'}region=${encodeURIComponent(place.asked)}` : path

async function call<T>(method: string, path: string, body?: unknown, tried = 0): Promise<T> {
  let answer: Response
  if (path.startsWith('services/')) await place.known
  try {
    answer = await fetch(`api/v1/${placed(path)}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  } catch {
    // A question may be asked again; an act may have been done, and is not.
    if (method === 'GET' && tried < PAUSES.length) {
      await new Promise((next) => setTimeout(next, PAUSES[tried]))
      return call(method, path, body, tried + 1)
    }
    throw new Problem('The control tower does not answer. The regions go on without it.', 0)
  }
  const said = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Problem(said.detail || `The control tower answered ${answer.status}.`, answer.status)
  return said as T
}

type Values = Record<string, string | number | undefined>
const query = (values: Values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return given.length ? '?' + new URLSearchParams(given.map(([name, value]) => [name, String(value)])) : ''
}
const at = (service: string) => `services/${encodeURIComponent(service)}`
const profile = (carrier: string) => `${at('carrier-gateway')}/carriers/${encodeURIComponent(carrier)}/profile`

export const api = {
  search: (q: string) => call<Hit[]>('GET', `search${query({ q, limit: 50 })}`),
  journeys: (wanted: Values) => call<Journey[]>('GET', `journeys${query({ limit: 50, ...wanted })}`),
  board: (wanted: Values) => call<Card[]>('GET', `board${query(wanted)}`),
  parcels: (wanted: Values) => call<Parcel[]>('GET', `parcels${query({ limit: 500, ...wanted })}`),
  journey: (id: string) => call<Story>('GET', `journeys/${encodeURIComponent(id)}`),
  late: () => call<Deadline[]>('GET', 'late'),
  sla: () => call<SlaGroup[]>('GET', 'sla'),
  why: (id: string) => call<{ waits_for: Waiting[]; silent: string[] }>('GET', `why/${encodeURIComponent(id)}`),
  regions: () => call<{ region: string; has_services: boolean }[]>('GET', 'regions'),
  audit: (wanted: Values) => call<Done[]>('GET', `audit${query({ limit: 200, ...wanted })}`),
  partners: () => call<Partner[]>('GET', 'metadata/partner'),
  mesh: () => call<Picture>('GET', 'mesh'),
  failures: () => call<{ groups: Group[]; silent: string[] }>('GET', 'failures'),
  letters: (service: string, group: string, after = 0) =>
    call<Letter[]>('GET', `${at(service)}/dead-letters${query({ group, after, limit: 100 })}`),
  letter: (service: string, id: number) => call<FullLetter>('GET', `${at(service)}/dead-letters/${id}`),
  readLetter: (service: string, id: number, said: { actor: string; reason: string }) =>
    call<FullLetter>('POST', `${at(service)}/dead-letters/${id}/read`, said),
  plan: (service: string, wish: Wish) => call<{ covered: number }>('POST', `${at(service)}/dead-letters/plan`, wish),
  act: (service: string, wish: Wish) => call<Act>('POST', `${at(service)}/dead-letters/acts`, wish),
  acts: (service: string) => call<Act[]>('GET', `${at(service)}/dead-letters/acts`),
  actOf: (service: string, id: string) => call<Act>('GET', `${at(service)}/dead-letters/acts/${id}`),
  steer: (service: string, id: string, verb: 'stop' | 'resume') =>
    call<Act>('POST', `${at(service)}/dead-letters/acts/${id}/${verb}`),
  edit: (service: string, id: number, edit: Record<string, unknown>) =>
    call<FullLetter>('POST', `${at(service)}/dead-letters/${id}/edit`, edit),
  planReplay: (service: string, wanted: Record<string, unknown>) =>
    call<ReplayPlan>('POST', `${at(service)}/replays/plan`, wanted),
  replay: (service: string, wanted: Record<string, unknown>) =>
    call<Replay>('POST', `${at(service)}/replays`, wanted),
  replays: (service: string) => call<Replay[]>('GET', `${at(service)}/replays`),
  stopReplay: (service: string, id: string) => call<Replay>('POST', `${at(service)}/replays/${id}/stop`),
  carriers: () => call<{ folder: string; carriers: Record<string, unknown>[] }>('GET', `${at('carrier-gateway')}/carriers`),
  standing: () => call<Standing[]>('GET', `${at('carrier-gateway')}/carriers/standing`),
  weeks: () => call<Record<string, unknown>[]>('GET', `${at('carrier-gateway')}/carriers/weeks`),
  profile: (carrier: string) => call<ProfileText>('GET', `${profile(carrier)}`),
  tryProfile: (carrier: string, draft: { text: string; sample: string }) =>
    call<Tried>('POST', `${profile(carrier)}/try`, draft),
  putProfile: (carrier: string, change: { text: string; revision: string; actor: string; reason: string }) =>
    call<ProfileText>('POST', profile(carrier), change),
  messages: (carrier: string) =>
    call<RawMessage[]>('GET', `${at('carrier-gateway')}/raw-messages${query({ carrier, limit: 20 })}`),
  message: (seq: number) => call<ShownMessage>('GET', `${at('carrier-gateway')}/raw-messages/${seq}`),
  readMessage: (seq: number, said: { actor: string; reason: string }) =>
    call<ShownMessage>('POST', `${at('carrier-gateway')}/raw-messages/${seq}/read`, said),
  performance: () => call<Record<string, unknown>[]>('GET', `${at('carrier-gateway')}/carriers/performance`),
  quality: () => call<Record<string, unknown>[]>('GET', `${at('carrier-gateway')}/carriers/quality`),
  events: () => call<Entry[]>('GET', 'catalogue/events'),
  event: (type: string) =>
    call<Described>('GET', `catalogue/events/${encodeURIComponent(type)}`),
  flows: () => call<Flow[]>('GET', 'catalogue/flows'),
}
