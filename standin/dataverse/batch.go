package dataverse

func (s *Server) batch(q *request) *response {
	return errorResponse(badPayload(nil, "not yet"))
}
