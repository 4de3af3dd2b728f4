export { priceAt } from './engine/prices.ts'
export { createVenue, type Venue, type VenueOptions } from './venue.ts'
