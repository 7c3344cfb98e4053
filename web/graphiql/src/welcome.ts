// What the first tab shows.
import type { Door } from "./endpoint";

export const WELCOME: Record<Door, string> = {
  records: `# Every object of your tenant is here: press Ctrl-Space to see what fits, and open the documentation on the left.
# Ctrl-Enter runs the query under the cursor.

query BiggestOpenOpportunities {
  opportunities(
    filter: { stage: { notIn: [won, lost] } }
    orderBy: [{ amount: DESC_NULLS_LAST }]
    first: 10
  ) {
    totalCount
    nodes {
      name
      stage
      amount
      closeDate
      account { name }
      owner { name }
    }
  }
}

query WonByQuarter {
  opportunitiesGroupBy(
    groupBy: [{ closeDate: QUARTER }]
    filter: { stage: { eq: won } }
  ) {
    key { closeDate }
    aggregate { count sum { amount } }
  }
}
`,
  metadata: `# The tenant's objects and fields: read them, plan a change, apply it. Press Ctrl-Space to see what fits.

{
  __schema {
    queryType { fields { name description } }
    mutationType { fields { name description } }
  }
}
`,
};
