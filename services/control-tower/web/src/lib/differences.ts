// What differs between two texts, line by line, with two lines around each change.

export interface Line {
  kind: '+' | '-' | ' '
  text: string
}

/** Return the changed lines and two around each; the shortest edit by the longest common run of lines. */
export function differences(before: string, after: string): Line[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push({ kind: ' ', text: a[i++]! }), j++
    else if (i < a.length && (j >= b.length || common[i + 1]![j]! >= common[i]![j + 1]!)) lines.push({ kind: '-', text: a[i++]! })
    else lines.push({ kind: '+', text: b[j++]! })
  }
  const isNear = (index: number) => lines.slice(Math.max(0, index - 2), index + 3).some((line) => line.kind !== ' ')
  return lines.filter((_, index) => isNear(index))
}
