import { centreConformance } from '../../src/ports/contact-centre.conformance.ts'
import { genesysHarness } from './genesys-centre.ts'

centreConformance('Genesys Cloud', genesysHarness)
