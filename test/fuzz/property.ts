import fc from 'fast-check'

/** Something that holds for every input of a kind. */
export interface Property {
  readonly name: string
  /** How many inputs of the cheapest property take about as long as one of this. */
  readonly cost: number
  /** Looks for an input that it does not hold for. Never rejects. */
  check(search: Search): Promise<Finding>
}

/** Where to look. The same search finds the same inputs. */
interface Search {
  readonly seed: number
  /** How many inputs to try. */
  readonly inputs: number
  /** The way to one input: of an earlier failure, to see it again. */
  readonly path?: string | undefined
}

/** What a search has come to. */
interface Finding {
  readonly inputs: number
  /** The smallest input found, and what was wrong with it; undefined where all was well. */
  readonly failure: string | undefined
}

/** A property of a function that needs nothing around it. */
export function createProperty<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  holds: (input: Input) => void | Promise<void>,
): Property {
  return createWorldProperty({
    name,
    cost: 1,
    input,
    open: () => Promise.resolve(null),
    holds: (each) => holds(each),
    close: () => Promise.resolve(),
  })
}

/** A property of something that needs a world: folders, servers. */
export interface WorldProperty<Input, World> {
  readonly name: string
  readonly cost: number
  readonly input: fc.Arbitrary<Input>
  /** Makes the world, before the first input. */
  open(): Promise<World>
  /** Throws for an input for which it does not hold. */
  holds(input: Input, world: World): void | Promise<void>
  /** Throws for what holds only after all inputs: that nothing is left behind. */
  settle?(world: World): Promise<void>
  /** Takes the world away, whatever has happened. */
  close(world: World): Promise<void>
}

/** How long one input may take, in milliseconds: whatever never ends is a failure too. */
const LONGEST = 20_000

export function createWorldProperty<Input, World>(property: WorldProperty<Input, World>): Property {
  const { name, cost, input } = property
  async function check({ seed, inputs, path }: Search): Promise<Finding> {
    let tried = 0
    const world = await property.open()
    try {
      const details = await fc.check(
        fc.asyncProperty(input, async (value) => {
          tried += 1
          await property.holds(value, world)
        }),
        {
          seed,
          numRuns: inputs,
          includeErrorInReport: true,
          ...(path === undefined ? {} : { path }),
          // A timer for each input would cost more than most inputs do.
          ...(cost === 1 ? {} : { timeout: LONGEST }),
        },
      )
      if (details.failed) return { inputs: tried, failure: fc.defaultReportMessage(details) }
      await property.settle?.(world)
      return { inputs: tried, failure: undefined }
    } catch (error) {
      return { inputs: tried, failure: `after all inputs: ${String(error)}` }
    } finally {
      await property.close(world)
    }
  }
  return { name, cost, check }
}
