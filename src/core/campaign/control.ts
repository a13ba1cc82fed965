/** How a run says that it is one of a positive control: a liar that is there to be caught, and says nothing of a configuration. */

export const CONTROL_LABEL = 'control'
/** The label's only value; any other is a label of the user's own. */
export const IS_CONTROL = 'yes'
