import css from './settings.module.css'

/** Where one is on a way of a few steps. */
export function Steps({ names, at }: { names: string[]; at: number }) {
  return (
    <ol className={css.steps}>
      {names.map((name, index) => (
        <li key={name} aria-current={index === at ? 'step' : undefined} data-done={index < at || undefined}>
          <span aria-hidden>{index + 1}</span> {name}
        </li>
      ))}
    </ol>
  )
}
