// The same once more through `prism proxy --errors`: an answer that the document does not describe is an error here.
import { prismDoors } from '../lib/api.mjs';
import { apiCases } from '../api/cases.mjs';

apiCases(prismDoors);
