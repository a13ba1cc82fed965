/** The entry of the page: styles, links, and the first view. */
import './theme.css'
import './layout.css'
import './components/components.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { startRouter } from './router.ts'

const place = document.querySelector('#app')
if (place !== null) {
  startRouter()
  // Its address is relative, and is looked up again wherever the router goes.
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  icon?.setAttribute('href', icon.href)
  render(<App />, place)
}
